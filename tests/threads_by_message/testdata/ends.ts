// Chromium looks for modules beside the test.
import "../../threads/testdata/ends.ts";
