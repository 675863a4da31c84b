// SPDX-License-Identifier: EUPL-1.2
// node duckdb.mjs PACKAGES ingest DATABASE CSV | node duckdb.mjs PACKAGES parquet DATABASE | node duckdb.mjs PACKAGES ask DATABASE (questions on standard input, as JSON)
//
// duckdb.org/docs, Performance Guide, Indexing: zone maps serve selective questions where rows are ordered by the columns
// that are asked for, and ART indexes are not meant for loading in bulk. So rows are sorted while they are copied.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [packages, work, path, csv] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(packages + "/x")("@duckdb/node-api");
const columns = "{'outside': 'UINTEGER', 'port': 'USMALLINT', 'port_last': 'USMALLINT', 'protocol': 'UTINYINT', " +
  "'start_ms': 'BIGINT', 'end_ms': 'BIGINT', 'inside': 'UINTEGER', 'inside_port': 'USMALLINT', " +
  "'destination': 'UINTEGER', 'destination_port': 'USMALLINT'}";

const connection = await (await DuckDBInstance.create(path)).connect();
if (work === "ingest") {
  await connection.run(`CREATE TABLE session AS SELECT * FROM read_csv('${csv}', header = false, columns = ${columns})
    ORDER BY outside, port, start_ms`);
  await connection.run("CHECKPOINT");
} else if (work === "parquet") {
  await connection.run(`COPY session TO '${path}.parquet' (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd)`);
} else {
  const statement = await connection.prepare("SELECT inside FROM session WHERE outside = $1 AND port = $2 AND " +
    "protocol = $3 AND start_ms <= $4 AND end_ms > $4");
  const { questions, rounds } = JSON.parse(readFileSync(0, "utf8"));
  let answers = [];
  for (let round = 0; round < rounds; round++) {
    answers = [];
    for (const [outside, port, protocol, ms] of questions) {
      const begun = process.hrtime.bigint();
      statement.bindUInteger(1, outside);
      statement.bindUSmallInt(2, port);
      statement.bindUTinyInt(3, protocol);
      statement.bindBigInt(4, BigInt(ms));
      const rows = await (await statement.run()).getRows();
      answers.push([Number(process.hrtime.bigint() - begun) / 1e6, rows.map((row) => Number(row[0]))]);
    }
  }
  console.log(JSON.stringify(answers));
}
