# SPDX-License-Identifier: EUPL-1.2
"""A plan in a store: what import, ask, info and check say of it, as a person reads it."""
import json

from cases import Folder, check, expect, finish

PLAN = """\
outside_address,port_first,port_last,inside,valid_from,valid_to,subscriber
203.0.113.9,1024,2047,100.64.0.3,2026-11-01T00:00:00Z,,customer-3
203.0.113.9,2048,3071,100.64.0.4,2026-11-01T00:00:00Z,2026-11-20T02:00:00Z,customer-4
203.0.113.9,2048,3071,100.64.0.5,2026-11-20T02:00:00Z,,
203.0.113.9,3072,4095,dynamic,2026-11-01T00:00:00Z,,
203.0.113.9,4096,4200,100.64.0.6,2026-11-01T00:00:00Z,,
203.0.113.9,4200,4300,100.64.0.7,2026-11-01T00:00:00Z,,
"""
ASKED = {"one": 1500, "several": 2500, "dynamic": 3500, "none": 1000, "contradiction": 4250}
EXITS = {"one": 0, "several": 3, "none": 4, "dynamic": 5, "contradiction": 5}


def main():
    with Folder() as folder:
        folder.write("plan.csv", PLAN)
        expect("planned-import.txt", folder.run("import", "--store", "store", "plan.csv"), 0)
        for name, port in ASKED.items():
            run = folder.ask("203.0.113.9:%d" % port, "--proto", "tcp", "--at", "2026-11-20T02:00:01Z")
            expect("planned-%s.txt" % name, run, EXITS[name])
        expect("planned-info.txt", folder.run("info", "--store", "store"), 0)
        expect("planned-check.txt", folder.run("check", "--store", "store"), 0)
        run = folder.run("import", "--store", "store", "--json", "plan.csv")
        summary = json.loads(run.stdout)
        check(summary["counts"]["plan_files_written"] == 0 and summary["counts"]["plan_rows"] == 6,
              "importing again changes nothing: " + run.stdout)
        check(summary["counts"]["plan_rows_contradicting"] == 2 and "line 6" in summary["plan_contradiction"],
              "contradiction: " + run.stdout)
        run = folder.run("info", "--store", "store", "--json")
        plans = json.loads(run.stdout)["realms"][0]["plans"]
        check(plans["rows"] == 6 and plans["to"] is None and plans["rows_contradicting"] == 2, "info: " + run.stdout)
    finish()


main()
