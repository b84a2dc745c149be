"""Commands that use up time, output, memory, disk and processes."""

from __future__ import annotations

from gameable.sandbox_attacks.attack import CUT, ENDED, STOPPED, TIMEOUT, WAITED, Attack

HANGS = (
    Attack("endless loop", "while true; do :; done", TIMEOUT),
    Attack("endless sleep", "sleep 1000", TIMEOUT),
    Attack("endless python", "python3 -c 'while True: pass'", TIMEOUT),
    Attack("endless recursion", "f(){ f; }; f", ENDED),
    Attack("endless eval", 'x=\'eval "$x"\'; eval "$x"', ENDED),
    Attack("nested substitution", "f(){ echo $(f); }; f", ENDED),
    Attack("loop that ignores signals", "trap '' TERM INT HUP QUIT ALRM XCPU; while :; do :; done", TIMEOUT),
    Attack(
        "python that ignores signals",
        "python3 -c 'import signal\nfor n in range(1, 65):\n  "
        "if n not in (9, 19, 32, 33): signal.signal(n, signal.SIG_IGN)\nwhile True: pass'",
        WAITED,
    ),
    Attack("trap that never ends", "trap 'while :; do :; done' EXIT; exit 0", WAITED),
    Attack("stopped shell", "kill -STOP $$; sleep 1000", WAITED),
    Attack("waiting for a job", "sleep 1000 & wait", WAITED),
    Attack("here-document without end", "cat <<EOF\nfor ever", ENDED),
    Attack("quote without end", "echo 'for ever", ENDED),
    Attack("reading what is never typed", "cat; read x; echo over", ENDED),
    Attack("reading a terminal", "cat /dev/tty /dev/console; read x < /dev/tty; echo over", WAITED),
    Attack("reading a fifo", "mkfifo p; cat p", WAITED),
    Attack("regular expression that backtracks", f"echo {'a' * 40}! | grep -E '^(a+)+$'", ENDED),
    Attack("python expression that backtracks", f'python3 -c \'import re; re.match("(a+)+$", "{"a" * 40}!")\'', ENDED),
    Attack("huge power", "python3 -c 'print(len(str(9 ** 9 ** 8)))'", ENDED),
    Attack(
        "shell arithmetic", "echo $((2 ** 99999999)) $((1 / 0)); echo $((-9223372036854775808 / -1)); a[9**18]=1", ENDED
    ),
    Attack("deep jq", "jq -n 'reduce range(100000) as $i (0; [.])'", ENDED),
)

FLOODS = (
    Attack("endless yes", "yes", CUT),
    Attack("endless errors", "yes >&2", CUT),
    Attack("both streams endless", "yes & yes >&2", ENDED),
    Attack("endless zeros", "cat /dev/zero", CUT),
    Attack("endless count", "seq 100000000", CUT),
    Attack("flood of python", "python3 -c 'while True: print(1)'", CUT),
    Attack("bytes that are no text", "printf '\\377\\376\\000\\033[31m'", ENDED),
    Attack("random bytes", "head -c 100000 /dev/urandom", ENDED),
    Attack("control characters", "printf '\\033]0;title\\007\\033[2J\\033c\\010\\010\\r\\016'", ENDED),
)

MEMORY = (
    Attack("memory of python", "python3 -c 'x = \"a\"\nwhile True: x += x'", ENDED),
    Attack("doubling string", "x=a; while true; do x=$x$x; done", STOPPED),
    Attack("tail of zeros", "tail /dev/zero", CUT),
    Attack("substitution of zeros", "x=$(cat /dev/zero); echo ${#x}", ENDED),
    Attack("sorting without end", "yes | sort", ENDED),
    Attack("brace expansion", "echo {1..999999999} | wc -c", ENDED),
    Attack("nested braces", "echo " + "{a,b}" * 30 + " | wc -c", ENDED),
    Attack("wide format", "printf '%999999999d' 1 | wc -c", ENDED),
    Attack("huge argument list", "/bin/echo $(seq 300000) | wc -c", ENDED),
    Attack("huge command", "echo " + "a" * 300_000 + " | wc -c", ENDED),
    Attack("huge comment", "echo hi #" + " a" * 500_000, ENDED),
    Attack("many commands", "true;" * 50_000, ENDED),
    Attack("a chain of wrappers", "env " * 1_000 + "true", ENDED),
    Attack("deep brackets", "(" * 2_000 + "true" + ")" * 2_000, ENDED),
    Attack("deep python brackets", f"python3 -c 'print({'(' * 3_000}1{')' * 3_000})'", ENDED),
    Attack("deep arithmetic", f"echo $(({'(' * 3_000}1{')' * 3_000}))", ENDED),
)

DISK = (
    Attack("full disk", "cat /dev/zero > big; cat /dev/zero > /tmp/big; echo over", ENDED),
    Attack("doubling file", "echo a > a; while true; do cat a a > b; mv b a; done", ENDED),
    Attack("doubling replace", "echo a > a; for i in $(seq 60); do replace a a aa || break; done; wc -c < a", ENDED),
    Attack("many files", "i=0; while true; do i=$((i+1)); : > f$i; done", STOPPED),
    Attack("a million files", 'python3 -c \'for i in range(1000000): open("f%d" % i, "w").close()\'', ENDED),
    Attack("sparse terabyte", "truncate -s 1T sparse; dd if=/dev/null of=other bs=1 seek=1T; echo over", ENDED),
    Attack("deep folders", "for i in $(seq 1500); do mkdir d && cd d || break; done", ENDED),
    Attack("one deep path", "mkdir -p $(printf 'd/%.0s' $(seq 1500))", ENDED),
    Attack("deleted files kept open", "exec 5> big; rm big; cat /dev/zero >&5; echo over", ENDED),
    Attack("disk wiped", "rm -rf --no-preserve-root / /home/* /bin /usr /tmp/* 2> /dev/null; echo over", ENDED),
    Attack(
        "tools deleted", 'for t in bash sh cat ls python3 env; do rm -f "$(command -v $t)"; done 2>&1 | wc -l', ENDED
    ),
)

PROCESSES = (
    Attack("fork bomb", ":(){ :|:& };:", ENDED),
    Attack(
        "fork bomb of python", "python3 -c 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass'", ENDED
    ),
    Attack(
        "threads of python",
        "python3 -c 'import threading as t, time\nwhile True: t.Thread(target=time.sleep, args=(99,)).start()'",
        ENDED,
    ),
    Attack("two hundred orphans", "for i in $(seq 200); do (sleep 1000 &); done; echo over", ENDED),
    Attack("daemon by setsid", "setsid sleep 1000 & echo over", WAITED),
    Attack("daemon by nohup", "nohup sleep 1000 > /dev/null 2>&1 & disown; echo over", WAITED),
    Attack(
        "daemon by double fork",
        "python3 -c 'import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(1000)'; "
        "echo over",
        WAITED,
    ),
    Attack("background job that holds the output", "sleep 1000 & echo over", WAITED),
    Attack("background flood", "(trap '' TERM HUP; yes) & echo over", ENDED),
    Attack("suicide", "kill -9 $$", ENDED),
    Attack("killing everybody", "kill -9 1 -1; kill -9 $PPID; echo over", ENDED),
    Attack("stopping everybody", "kill -STOP 1 $PPID; kill -STOP -1; echo over", ENDED),
    Attack("shell replaced", "exec sleep 1000", TIMEOUT),
    Attack("shell replaced by a daemon", "exec setsid -f sleep 1000", WAITED),
)
