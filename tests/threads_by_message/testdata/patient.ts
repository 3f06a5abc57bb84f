// Chromium looks for modules beside the test.
import "../../threads/testdata/patient.ts";
