// Chromium looks for modules beside the test.
import "../../threads/testdata/late_stages.ts";
