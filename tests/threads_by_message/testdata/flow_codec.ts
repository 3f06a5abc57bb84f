// Chromium looks for modules beside the test.
import "../../threads/testdata/flow_codec.ts";
