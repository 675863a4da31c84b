// SPDX-License-Identifier: EUPL-1.2
// node chdb.cjs PACKAGES ingest FOLDER CSV | node chdb.cjs PACKAGES ask FOLDER (questions on standard input, as JSON)
//
// clickhouse.com/docs, Sparse primary indexes: ORDER BY the columns that are asked for, by rising cardinality; Codecs:
// Delta or DoubleDelta before ZSTD for times and slowly changing numbers, T64 for integers of a small range.
const { readFileSync } = require("node:fs");

const [packages, work, folder, csv] = process.argv.slice(2);
const { Session } = require(packages + "/node_modules/chdb");
const session = new Session(folder);

const table = `CREATE TABLE log.session (outside UInt32 CODEC(Delta, ZSTD), port UInt16 CODEC(Delta, ZSTD),
  port_last UInt16 CODEC(Delta, ZSTD), protocol UInt8 CODEC(ZSTD), start_ms Int64 CODEC(T64, ZSTD),
  end_ms Int64 CODEC(T64, ZSTD), inside UInt32 CODEC(T64, ZSTD), inside_port UInt16 CODEC(T64, ZSTD),
  destination UInt32 CODEC(T64, ZSTD), destination_port UInt16 CODEC(ZSTD))
  ENGINE = MergeTree ORDER BY (outside, port, start_ms)`;

if (work === "ingest") {
  session.query("CREATE DATABASE log");
  session.query(table);
  session.query(`INSERT INTO log.session SELECT * FROM file('${csv}', 'CSV', 'outside UInt32, port UInt16, port_last UInt16,
    protocol UInt8, start_ms Int64, end_ms Int64, inside UInt32, inside_port UInt16, destination UInt32,
    destination_port UInt16')`);
  session.query("OPTIMIZE TABLE log.session FINAL");
  const bytes = session.query("SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE active AND table = 'session'",
    "CSV");
  console.log(bytes.trim());
} else {
  const { questions, rounds } = JSON.parse(readFileSync(0, "utf8"));
  let answers = [];
  for (let round = 0; round < rounds; round++) {
    answers = [];
    for (const [outside, port, protocol, ms] of questions) {
      const begun = process.hrtime.bigint();
      const text = session.query(`SELECT inside FROM log.session WHERE outside = ${outside} AND port = ${port} AND
        protocol = ${protocol} AND start_ms <= ${ms} AND end_ms > ${ms}`, "CSV");
      answers.push([Number(process.hrtime.bigint() - begun) / 1e6, text.split("\n").filter(Boolean).map(Number)]);
    }
  }
  console.log(JSON.stringify(answers));
}
session.close();
