// Takes the addresses out of package-lock.json: npm has a setting for those of the registry, none for those of funds.
import { readFile, writeFile } from "node:fs/promises";

const lock = JSON.parse(await readFile("package-lock.json", "utf8"));
for (const found of Object.values(lock.packages)) delete found.funding;
await writeFile("package-lock.json", JSON.stringify(lock, null, 2) + "\n");
