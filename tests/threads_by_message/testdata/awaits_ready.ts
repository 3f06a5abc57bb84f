// Chromium looks for modules beside the test.
import "../../threads/testdata/awaits_ready.ts";
