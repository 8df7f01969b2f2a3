// Reads a tree a line, writes what react-querybuilder makes of it: {sql, params} for PostgreSQL. Parameters are
// numbered: of two conditions on lines the named ones would share their names.
import { createInterface } from "node:readline";
import { formatQuery } from "react-querybuilder/formatQuery";

for await (const line of createInterface({ input: process.stdin })) {
  const made = formatQuery(JSON.parse(line), { format: "parameterized", preset: "postgresql" });
  process.stdout.write(JSON.stringify(made) + "\n");
}
