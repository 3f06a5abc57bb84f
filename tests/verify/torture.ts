// Tortures a bus with threads: `torture.ts torture SEED JOBS DEATHS KILLS`, `torture.ts lanes SEED ROUNDS
// DEATHS KILLS` or `torture.ts ping TRIALS`.
import { main } from "./_torture.ts";

await main(process.argv.slice(2));
