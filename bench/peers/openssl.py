"""`openssl speed` of the algorithms that this OpenSSL has, as rows of bench/compare."""
import json
import os
import re
import subprocess

version = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.split("(")[0].strip()
seconds = "1"


def speed(*arguments):
    done = subprocess.run(["openssl", "speed", "-mr", "-seconds", seconds, *arguments],
                          capture_output=True, text=True)
    return done.stdout + done.stderr


def row(operation, rate, note=""):
    if rate > 0:
        us = 1e6 / rate
        print(json.dumps({"library": "OpenSSL", "version": version, "operation": operation,
                          "variant": note, "us": us, "us_min": us, "us_max": us}))


def listed(kind):
    done = subprocess.run(["openssl", "list", kind], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


# +F5:number:bits:name:operations a second (or seconds an operation, in older versions)
for line in speed("ecdhx25519").splitlines():
    match = re.match(r"\+F[45]:\d+:\d+:([\d.e-]+):([\d.e-]+)", line)
    if match:
        rate = max(float(match[1]), float(match[2]))
        row("x25519/derive", rate)
for line in speed("ed25519").splitlines():
    match = re.match(r"\+F6:\d+:\d+:[^:]*:([\d.e-]+):([\d.e-]+)", line)
    if match:
        sign, verify = float(match[1]), float(match[2])
        row("ed25519/sign", sign if sign > 1 else 1 / sign)
        row("ed25519/verify", verify if verify > 1 else 1 / verify)

# From 3.5 on. The table's columns are seconds an operation, then operations a second.
def table(option, kind, prefix, names):
    if prefix.lower() not in listed(kind).lower():
        return
    done = subprocess.run(["openssl", "speed", "-seconds", seconds, option], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        match = re.match(rf"\s*({prefix}-\d+)\s+\S+\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)", line, re.I)
        if match:
            for name, rate in zip(names, match.groups()[1:]):
                row(f"{match[1].lower()}/{name}", float(rate))


table("-kem-algorithms", "-kem-algorithms", "ML-KEM", ("keygen", "encaps", "decaps"))
table("-signature-algorithms", "-signature-algorithms", "ML-DSA", ("keygen", "sign", "verify"))
