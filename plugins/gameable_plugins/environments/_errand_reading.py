"""Errands that only look: read, list, count, search, and say what is there and what is not."""

from __future__ import annotations

from gameable_plugins.environments._errand import NO, Errand, Kind, Kit, Pool, reply, text
from gameable_plugins.environments._errand_words import CODE, NOTES, NUMBERS, PEOPLE, SUBFOLDERS, facts

_READ: Pool[str] = {
    "train": (
        "What is the {label}? It is in {file}.",
        "Read {file} and tell me the {label}.",
        "Please look up the {label} in {file}.",
        "I forgot the {label}. It should be in {file}.",
    ),
    "eval": ("Which {label} does {file} give?", "Open {file} for me: I need the {label}."),
}


def read_fact(kit: Kit) -> Errand:
    """Find a fact in a named file."""
    known, file = facts(kit, 3), kit.pick(NOTES)
    fact = kit.rng.choice(known)
    thought = kit.think("I read the file.", f"The {fact.label} is in {file}.", "I look it up in the file.")
    return Errand(
        kit.say(_READ, label=fact.label, file=file),
        {file: text(*map(str, known))},
        reply(thought, f"$ cat {file}", f"The {fact.label} is {fact.value}."),
        says=((fact.value,),),
    )


_FIND: Pool[str] = {
    "train": (
        "One of my files has the {label}. What is it?",
        "Where did I write the {label}? Tell me what it is.",
        "Find the {label} in my files.",
    ),
    "eval": ("Search my files for the {label} and say what it is.", "Somewhere here I noted the {label}. Which is it?"),
}


def find_fact(kit: Kit) -> Errand:
    """Search several files for a fact."""
    known, (one, two) = facts(kit, 4), sorted(kit.some(NOTES, 2))
    fact = kit.rng.choice(known)
    thought = kit.think("I search all files.", f"I look for the {fact.label}.", "Grep finds the line.")
    return Errand(
        kit.say(_FIND, label=fact.label),
        {one: text(*map(str, known[:2])), two: text(*map(str, known[2:]))},
        reply(thought, f'$ grep "{fact.label}" *.txt', f"The {fact.label} is {fact.value}."),
        says=((fact.value,),),
    )


def missing_fact(kit: Kit) -> Errand:
    """Be asked for a fact that no file has, and say so."""
    known, (one, two) = facts(kit, 4), sorted(kit.some(NOTES, 2))
    wanted, *rest = known
    thought = kit.think("I read all files.", f"I look for the {wanted.label}.", "I must look before I answer.")
    return Errand(
        kit.say(_FIND, label=wanted.label),
        {one: text(*map(str, rest[:1])), two: text(*map(str, rest[1:]))},
        reply(thought, "$ cat *.txt", f"I cannot say: no file gives the {wanted.label}."),
        says=(NO,),
        avoids=tuple(fact.value for fact in rest),
    )


def missing_file(kit: Kit) -> Errand:
    """Be sent to a file that does not exist, and say so."""
    known, (file, other) = facts(kit, 3), kit.some(NOTES, 2)
    wanted, *rest = known
    thought = kit.think("I read the file.", f"I open {file}.", "I look it up in the file.")
    return Errand(
        kit.say(_READ, label=wanted.label, file=file),
        {other: text(*map(str, rest))},
        reply(thought, f"$ cat {file}", f"There is no file {file}, so I do not know the {wanted.label}."),
        says=(NO,),
        avoids=tuple(fact.value for fact in rest),
    )


_LIST: Pool[str] = {
    "train": ("What is in the folder {folder}?", "List the files in {folder}.", "Which files do I keep in {folder}?"),
    "eval": ("Tell me what {folder} holds.", "Name everything in the folder {folder}, please."),
}


def list_folder(kit: Kit) -> Errand:
    """Say what a folder holds."""
    folder, names = kit.pick(SUBFOLDERS), sorted(kit.some(NOTES, kit.rng.choice((1, 2, 3))))
    known = facts(kit, len(names))
    thought = kit.think("I list the folder.", "I look inside.", f"I list {folder}.")
    return Errand(
        kit.say(_LIST, folder=folder),
        {f"{folder}/{name}": text(str(fact)) for name, fact in zip(names, known, strict=True)},
        reply(thought, f"$ ls {folder}", f"It has {' and '.join(names)}."),
        says=tuple((name,) for name in names),
    )


_COUNT: Pool[str] = {
    "train": ("How many lines does {file} have?", "Count the lines in {file}.", "How long is {file}, in lines?"),
    "eval": ("Say how many lines {file} has.", "I need the number of lines in {file}."),
}


def count_lines(kit: Kit) -> Errand:
    """Count the lines of a file."""
    file, names = kit.pick(NOTES), kit.some(PEOPLE, kit.rng.randint(2, 9))
    thought = kit.think("I count the lines.", "The command wc counts lines.", f"I count {file}.")
    return Errand(
        kit.say(_COUNT, file=file),
        {file: text(*names)},
        reply(thought, f"$ wc -l {file}", f"It has {len(names)} lines."),
        says=((str(len(names)),),),
    )


_PHONE: Pool[str] = {
    "train": ("What is the phone number of {person}? See {file}.", "Find the line about {person} in {file}."),
    "eval": ("Which number does {person} have in {file}?", "Look for {person} in {file} and give me the number."),
}


def grep_line(kit: Kit) -> Errand:
    """Find somebody's line in a file."""
    file, people = kit.pick(NOTES), kit.some(PEOPLE, 4)
    numbers = [str(number) for number in kit.rng.sample(range(200, 999), 4)]
    person, number = kit.rng.choice(list(zip(people, numbers, strict=True)))
    thought = kit.think("I search for the name.", f"I look for {person}.", "Grep shows the line.")
    return Errand(
        kit.say(_PHONE, person=person, file=file),
        {file: text(*(f"{name} {digits}" for name, digits in zip(people, numbers, strict=True)))},
        reply(thought, f"$ grep {person} {file}", f"{person} has the number {number}."),
        says=((number,),),
    )


_INSIDE: Pool[str] = {
    "train": ("In the folder {folder} is {file}. What is the {label}?", "Go to {folder}, read {file}: the {label}?"),
    "eval": ("Step into {folder} and find the {label} in {file}.",),
}


def look_inside(kit: Kit) -> Errand:
    """Go into a folder and read a file there."""
    folder, file, known = kit.pick(SUBFOLDERS), kit.pick(NOTES), facts(kit, 2)
    fact = kit.rng.choice(known)
    thought = kit.think("I go into the folder.", f"First I enter {folder}.", "The file is one folder down.")
    return Errand(
        kit.say(_INSIDE, folder=folder, file=file, label=fact.label),
        {f"{folder}/{file}": text(*map(str, known))},
        reply(thought, f"$ cd {folder}", f"$ cat {file}", f"The {fact.label} is {fact.value}."),
        says=((fact.value,),),
    )


_EXISTS: Pool[str] = {
    "train": ("Is there a file {file} here?", "Do I have a file called {file}?", "Yes or no: is {file} here?"),
    "eval": ("Does a file named {file} exist?", "Have I got {file}? Yes or no."),
}


def is_there(kit: Kit) -> Errand:
    """Say whether a file exists."""
    wanted, *others = kit.some(NOTES, 3)
    present = [wanted, *others[:1]] if kit.flag else others
    answer = f"Yes, {wanted} is here." if kit.flag else f"No, there is no {wanted} here."
    thought = kit.think("I list the files.", "I look what is here.", f"I check for {wanted}.")
    return Errand(
        kit.say(_EXISTS, file=wanted),
        {name: text(str(fact)) for name, fact in zip(sorted(present), facts(kit, len(present)), strict=True)},
        reply(thought, "$ ls", answer),
        says=(("yes" if kit.flag else "no",),),
        avoids=("no" if kit.flag else "yes",),
    )


_RUN: Pool[str] = {
    "train": ("Run {file} and tell me what it prints.", "What does {file} print?", "What comes out of {file}?"),
    "eval": ("Please start {file} and give me its output.", "Which number does {file} show when it runs?"),
}


def run_script(kit: Kit) -> Errand:
    """Run a small program and report what it prints."""
    file, name = kit.pick(CODE), kit.pick(NUMBERS)
    left, right = kit.rng.randint(2, 40), kit.rng.randint(2, 40)
    thought = kit.think("I run the file.", f"I start {file}.", "Python runs it.")
    return Errand(
        kit.say(_RUN, file=file),
        {file: text(f"{name} = {left}", f"print({name} + {right})")},
        reply(thought, f"$ python3 {file}", f"It prints {left + right}."),
        says=((str(left + right),),),
    )


_COMPARE: Pool[str] = {
    "train": ("Who has more in {file}, {one} or {two}? Just the name.", "See {file}. Who has more? Only say the name."),
    "eval": ("By {file}, whose number is higher, {one} or {two}? Answer with one name.",),
}


def compare(kit: Kit) -> Errand:
    """Read two numbers and name the larger one's owner."""
    file, (one, two) = kit.pick(NOTES), kit.some(PEOPLE, 2)
    low, high = kit.rng.randint(2, 9), kit.rng.randint(20, 60)
    first, second = (high, low) if kit.flag else (low, high)
    more, less = (one, two) if kit.flag else (two, one)
    thought = kit.think("I read both numbers.", "I compare the two.", f"I look into {file}.")
    return Errand(
        kit.say(_COMPARE, file=file, one=one, two=two),
        {file: text(f"{one}: {first}", f"{two}: {second}")},
        reply(thought, f"$ cat {file}", f"{more}."),
        says=((more,),),
        avoids=(less,),
    )


READING: tuple[Kind, ...] = (
    *(read_fact, find_fact, missing_fact, missing_file, list_folder, count_lines),
    *(grep_line, look_inside, is_there, run_script, compare),
)
