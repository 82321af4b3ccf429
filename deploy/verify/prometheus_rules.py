"""prometheus_rules.py FILE: the groups of a PrometheusRule on standard output, as Prometheus itself and promtool read them."""

import sys

import yaml

if len(sys.argv) != 2:
    sys.exit("usage: prometheus_rules.py FILE")
with open(sys.argv[1], encoding="utf-8") as source:
    yaml.safe_dump(yaml.safe_load(source)["spec"], sys.stdout, sort_keys=False)
