import type { Upper } from "./upper.ts";

export interface Lower {
  upper: Upper;
}
