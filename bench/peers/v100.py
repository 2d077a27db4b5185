"""Turns `v100 bench --json` into rows of bench/compare: algorithm/operation, and how as a variant."""
import json
import re
import sys

version = sys.argv[1] or "v100"
names = {"raw": "raw key", "prepared": "prepared key", "batch": "batch",
         "raw-batch": "batch, raw keys", "prepared-batch": "batch, prepared keys"}
seen = set()
for line in sys.stdin:
    row = json.loads(line)
    if row["name"] in seen:
        continue
    seen.add(row["name"])
    algorithm, operation, *rest = row["name"].split("/")
    algorithm = re.sub(r"^ml(dsa|kem)(\d+)$", r"ml-\1-\2", algorithm)
    how = "/".join(rest)
    print(json.dumps({
        "library": "V100", "version": version, "operation": f"{algorithm}/{operation}",
        "variant": names.get(how, how), "kernel": row["kernel"], "us": row["us"],
        "us_min": row["us_min"], "us_max": row["us_max"], "cycles": row["cycles"]}))
