#!/usr/bin/env python3
"""A support agent's session in the shop, as any program with a stock driver would hold it.

Nothing in here knows of Gatewright: it is psycopg with the usual variables of libpq (PGHOST, PGPORT, PGUSER,
PGDATABASE), and PGPASSWORD holds the agent's token. Every step prints the statement and what became of it.

    pip install 'psycopg[binary]'
    PGHOST=127.0.0.1 PGPORT=... PGUSER=support PGDATABASE=shop PGPASSWORD="$TOKEN" python agent.py

The two deletions wait until a database administrator decides. The exit code is 1 if anything went otherwise
than it says.
"""

import os
import sys

import psycopg

COLOURS = {"ALLOWED": "32", "MASKED": "36", "DENIED": "31", "HELD": "33", "APPROVED": "32", "REFUSED": "31"}
ON_TERMINAL = sys.stdout.isatty() and "NO_COLOR" not in os.environ

# What is asked for, and what should become of it.
STEPS = [
    ("ALLOWED", "Figures of the shop", "SELECT status, count(*), sum(amount) FROM orders GROUP BY status ORDER BY 1"),
    ("MASKED", "Personal data", "SELECT name, email, phone, card_number FROM customers ORDER BY id LIMIT 3"),
    ("MASKED", "The same, disguised", "SELECT upper(c.email) AS note FROM customers AS c ORDER BY id LIMIT 2"),
    ("ALLOWED", "A change of one order", "UPDATE orders SET status = 'shipped' WHERE id = 2"),
    ("DENIED", "The WHERE forgotten", "UPDATE orders SET status = 'cancelled'"),
    ("DENIED", "A change of the schema", "DROP TABLE payments"),
    ("DENIED", "The server's files", "SELECT pg_read_file('/etc/passwd')"),
    ("APPROVED", "A deletion that is right", "DELETE FROM orders WHERE id = 6"),
    ("DENIED", "A deletion that is not", "DELETE FROM customers WHERE id = 4"),
]


def paint(verdict):
    text = f"{verdict:<8}"
    return f"\033[1;{COLOURS[verdict]}m{text}\033[0m" if ON_TERMINAL else text


def say(text=""):
    print(text, flush=True)


def report(verdict, text):
    first, *more = text.splitlines() or [""]
    say(f"      {paint(verdict)}  {first}")
    for line in more:
        say(f"                {line}")


def table(cursor):
    titles = [column.name for column in cursor.description]
    rows = [["" if value is None else str(value) for value in row] for row in cursor.fetchall()]
    right = [column.type_code in (20, 21, 23, 1700) for column in cursor.description]
    widths = [max(map(len, column)) for column in zip(titles, *rows)]
    lines = []
    for row in [titles, ["-" * width for width in widths], *rows]:
        cells = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def is_masked(text):
    return "*" in text or "[masked]" in text


def explain(error):
    lines = [f"{error.sqlstate}  {error.diag.message_primary or str(error).strip()}"]
    for name, text in (("detail", error.diag.message_detail), ("hint", error.diag.message_hint)):
        if text:
            lines.append(f"{name}: {text}")
    return "\n".join(lines)


def step(connection, notices, number, expected, title, statement):
    say(f"\n  {number:>2}. {title}")
    say(f"      {statement}")
    notices.clear()
    try:
        cursor = connection.execute(statement)
    except psycopg.Error as error:
        report("DENIED", explain(error))
        return expected == "DENIED"
    result = table(cursor) if cursor.description else f"{cursor.statusmessage}"
    verdict = "APPROVED" if notices else "MASKED" if is_masked(result) else "ALLOWED"
    report(verdict, result)
    return verdict == expected


def main():
    notices = []

    def notice(diagnostic):
        notices.append(diagnostic)
        lines = [diagnostic.message_primary, diagnostic.message_detail, diagnostic.message_hint]
        report("HELD", "\n".join(line for line in lines if line))

    say(f"\n   0. The agent connects as {os.environ.get('PGUSER')}, with its token as the password")
    try:
        connection = psycopg.connect("", autocommit=True)
    except psycopg.OperationalError as error:
        report("REFUSED", str(error).strip())
        return 1
    with connection:
        connection.add_notice_handler(notice)
        version = connection.info.server_version // 10000
        report("ALLOWED", f"logged in to PostgreSQL {version}; the agent holds no database password")
        results = [
            step(connection, notices, number, *what) for number, what in enumerate(STEPS, start=1)
        ]
    wrong = [str(number) for number, good in enumerate(results, start=1) if not good]
    if wrong:
        say(f"\nNot as it should be: step {', '.join(wrong)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
