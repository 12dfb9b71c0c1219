"""A worker in a process of its own, for the drills that stop and kill one. Standard library only.

    worker.py URL HEARTBEAT_SECONDS     with the runner's token in DOCKET_TEST_TOKEN

Takes one job, shows signs of life until a line comes on standard input, then finishes the job. It goes on whatever the
server says, as a worker with a defect does, and reports every answer as a line of JSON on standard output.
"""

import json
import os
import select
import sys
import urllib.error
import urllib.request

URL, PAUSE = sys.argv[1], float(sys.argv[2])
TOKEN = os.environ["DOCKET_TEST_TOKEN"]
# No proxy of the environment stands between two processes of one machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(field, selection, **values):
    """Runs a mutation; returns its payload, or None, and "OK" or the code of the refusal."""
    kind = field[0].upper() + field[1:] + "Input!"
    document = f"mutation($input: {kind}) {{ {field}(input: $input) {{ {selection} }} }}"
    body = json.dumps({"query": document, "variables": {"input": values}}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    try:
        with OPENER.open(urllib.request.Request(URL, body, headers)) as answer:
            reply = json.load(answer)
    except urllib.error.HTTPError as refused:
        reply = json.load(refused)
    if reply.get("errors"):
        return None, reply["errors"][0]["extensions"]["code"]
    return reply["data"][field], "OK"


def report(**what):
    print(json.dumps(what), flush=True)


def main():
    leases = []
    while not leases:
        payload, code = ask("workClaim", "leases { token attempt job { id } }", waitSeconds=20)
        if code != "OK":
            sys.exit(f"workClaim: {code}")
        leases = payload["leases"]
    lease = leases[0]
    report(claimed={"job": lease["job"]["id"], "attempt": lease["attempt"]})
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        report(heartbeat=ask("workHeartbeat", "expiresAt", leaseToken=lease["token"])[1])
    results = {"by": os.getpid()}
    report(complete=ask("workComplete", "job { status }", leaseToken=lease["token"], results=results)[1])


main()
