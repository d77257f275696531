"""Random C programs with defined behaviour, one a seed.

Every program folds what it computes into a checksum that it prints, so two
compilers that disagree print different numbers.  What must be exercised: structs
by value of every register class, variadic functions in both directions, dense
and sparse switches, function pointers, floating point and 128-bit integers,
loops over arrays, locals whose address escapes.

Behaviour is defined by construction: arithmetic is unsigned or guarded, shifts
are masked, divisors are made odd, loops are counted, calls go only to functions
of lower number, indices are reduced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

SCALARS = ("uint8_t", "int16_t", "uint32_t", "int32_t", "uint64_t", "int64_t", "float", "double", "unsigned __int128")
INTEGERS = ("uint8_t", "uint32_t", "uint64_t", "unsigned __int128")

PRELUDE = """\
#pragma STDC FP_CONTRACT OFF
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static uint64_t checksum = 0xcbf29ce484222325u;
static void mix(uint64_t value) { checksum = (checksum ^ value) * 0x100000001b3u; checksum ^= checksum >> 29; }
static void mix_wide(unsigned __int128 value) { mix((uint64_t)value); mix((uint64_t)(value >> 64)); }
/* One zero and one NaN: GCC makes -0 of 0 - 0. */
static void mix_double(double value)
{
    uint64_t bits;
    if (value != value) value = 0.5;
    if (value == 0) value = 0;
    memcpy(&bits, &value, 8);
    mix(bits);
}
static double tame(double value) { return value > -1e15 && value < 1e15 ? value : 1.25; }
static uint64_t whole(double value) { return (uint64_t)(int64_t)tame(value); }
"""


@dataclass
class Struct:
    name: str
    fields: list[tuple[str, str, int]]  # type, name, array length (0: scalar)


@dataclass
class Function:
    name: str
    result: str
    parameters: list[str]
    variadic: list[str] = field(default_factory=list)

    def signature(self) -> str:
        listed = ", ".join(f"{kind} p{i}" for i, kind in enumerate(self.parameters))
        tail = ", ..." if self.variadic else ""
        return f"{self.result} {self.name}({listed}{tail})"


class Generator:
    """Writes one program; ``Generator(seed).program()`` is deterministic."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.structs: list[Struct] = []
        self.functions: list[Function] = []
        self.lines: list[str] = []
        self.temporary = 0

    # --- types -----------------------------------------------------------------

    def make_structs(self) -> None:
        for index in range(self.random.randint(2, 5)):
            fields = []
            for position in range(self.random.choice((1, 2, 2, 3, 4, 7))):
                length = self.random.choice((0, 0, 0, 0, 2, 3))
                fields.append((self.random.choice(SCALARS), f"m{position}", length))
            self.structs.append(Struct(f"struct s{index}", fields))
        for struct in self.structs:
            body = " ".join(f"{kind} {name}{f'[{length}]' if length else ''};" for kind, name, length in struct.fields)
            self.lines.append(f"{struct.name} {{ {body} }};")
            self.lines.append(f"static {struct.name} make_{struct.name[7:]}(uint64_t seed) {{")
            self.lines.append(f"    {struct.name} made; memset(&made, 0, sizeof made);")
            for number, (kind, name, length) in enumerate(struct.fields):
                for element in range(length or 1):
                    place = f"made.{name}[{element}]" if length else f"made.{name}"
                    self.lines.append(
                        f"    {place} = ({kind})((seed * {number * 7 + element + 3}u) >> {number * 3 % 17} & 0xffff);"
                    )
            self.lines.append("    return made;\n}")
            self.lines.append(f"static void mix_{struct.name[7:]}({struct.name} value) {{")
            for kind, name, length in struct.fields:
                for element in range(length or 1):
                    place = f"value.{name}[{element}]" if length else f"value.{name}"
                    self.lines.append(f"    {self.mixing(kind, place)}")
            self.lines.append("}")

    def any_type(self) -> str:
        if self.random.random() < 0.4:
            return self.random.choice(self.structs).name
        return self.random.choice(SCALARS)

    def mixing(self, kind: str, place: str) -> str:
        if kind.startswith("struct"):
            return f"mix_{kind[7:]}({place});"
        if kind in ("float", "double"):
            return f"mix_double({place});"
        if kind == "unsigned __int128":
            return f"mix_wide({place});"
        return f"mix((uint64_t){place});"

    # --- expressions -------------------------------------------------------------

    def value(self, kind: str, names: dict[str, str], depth: int = 2) -> str:
        """An expression of the given type from the names in scope."""
        if kind.startswith("struct"):
            same = [name for name, its in names.items() if its == kind]
            if same and self.random.random() < 0.6:
                return self.random.choice(same)
            return f"make_{kind[7:]}({self.value('uint64_t', names, depth - 1)})"
        return f"({kind})({self.floating(names, depth) if kind in ('float', 'double') else self.integer(names, depth)})"

    def integer(self, names: dict[str, str], depth: int) -> str:  # noqa: PLR0911 -- one line a shape of expression
        if depth <= 0:
            return self.leaf(names)
        left, right = self.integer(names, depth - 1), self.integer(names, depth - 1)
        kind = self.random.choice(INTEGERS)
        shape = self.random.randrange(11)
        if shape < 4:
            return f"(({kind}){left} {self.random.choice('+-*^')} ({kind}){right})"
        if shape == 4:
            return f"(({kind}){left} {self.random.choice('/%')} (({kind}){right} | 1))"
        if shape == 5:
            return f"((uint64_t){left} {self.random.choice(('<<', '>>'))} ({right} & 31))"
        if shape == 6:
            return f"({left} {self.random.choice(('<', '==', '>=', '!='))} {right} ? {left} : {right} + 1u)"
        if shape == 7:
            return f"((unsigned __int128){left} >> ({right} & 63))"
        if shape == 8:
            return f"(uint64_t)((int64_t)(int32_t){left} {self.random.choice('*/')} ((int64_t)(int16_t){right} | 1))"
        if shape == 9:
            return f"whole({self.floating(names, depth - 1)})"
        return f"(({kind}){left} & ~({kind}){right})"

    def floating(self, names: dict[str, str], depth: int) -> str:
        if depth <= 0:
            return f"(double)(int32_t){self.leaf(names)}"
        left, right = self.floating(names, depth - 1), self.floating(names, depth - 1)
        shape = self.random.randrange(6)
        if shape < 3:
            return f"tame({left} {self.random.choice('+-*')} {right})"
        if shape == 3:
            return f"tame({left} / ({right} * {right} + 0.5))"
        if shape == 4:
            return f"({left} < {right} ? {left} : (double)(float)({right}))"
        return f"(double)(int64_t){self.integer(names, depth - 1)}"

    def leaf(self, names: dict[str, str]) -> str:
        scalars = [name for name, kind in names.items() if not kind.startswith("struct")]
        if not scalars or self.random.random() < 0.25:
            numbers = (0, 1, 2, 3, 7, 255, 65535, 0x7FFFFFFF, 0xDEADBEEF, self.random.getrandbits(63))
            return f"{self.random.choice(numbers)}ull"
        name = self.random.choice(scalars)
        kind = names[name]
        if kind in ("float", "double"):
            return f"whole({name})"
        return f"(uint64_t){name}" if kind != "unsigned __int128" else name

    # --- statements ----------------------------------------------------------------

    def fresh(self, kind: str, names: dict[str, str]) -> str:
        self.temporary += 1
        name = f"t{self.temporary}"
        self.lines.append(f"    {kind} {name} = {self.value(kind, names)};")
        names[name] = kind
        return name

    def call(self, names: dict[str, str]) -> None:
        function = self.random.choice(self.functions)
        arguments = [self.value(kind, names, 1) for kind in function.parameters + function.variadic]
        target = function.name
        if not function.variadic and self.random.random() < 0.4:
            listed = ", ".join(function.parameters)
            self.temporary += 1
            pointer = f"f{self.temporary}"
            self.lines.append(f"    {function.result} (*volatile {pointer})({listed}) = {target};")
            target = pointer
        self.temporary += 1
        self.lines.append(f"    {function.result} t{self.temporary} = {target}({', '.join(arguments)});")
        names[f"t{self.temporary}"] = function.result

    def switch(self, names: dict[str, str]) -> None:
        dense = self.random.random() < 0.6
        cases = range(self.random.randint(4, 24)) if dense else sorted({self.random.getrandbits(16) for _ in range(9)})
        subject = self.integer(names, 1)
        self.lines.append(f"    switch ((uint32_t)({subject}) % {max(cases) + 3}u) {{")
        for case in cases:
            tail = "break;" if self.random.random() < 0.8 else "/* falls through */"
            self.lines.append(f"    case {case}: mix({self.integer(names, 1)} & 0xffffffffu); {tail}")
        self.lines.append(f"    default: mix({self.random.getrandbits(20)});\n    }}")

    def loop(self, names: dict[str, str]) -> None:
        self.temporary += 1
        array, index, kind = (
            f"a{self.temporary}",
            f"i{self.temporary}",
            self.random.choice(("uint8_t", "uint32_t", "float", "uint64_t")),
        )
        length = self.random.choice((3, 8, 17, 64))
        inner = {**names, index: "uint32_t"}
        self.lines.append(f"    {kind} {array}[{length}];")
        self.lines.append(f"    for (uint32_t {index} = 0; {index} < {length}; {index}++)")
        self.lines.append(f"        {array}[{index}] = {self.value(kind, inner, 1)};")
        self.lines.append(f"    for (uint32_t {index} = 0; {index} < {length * 2}; {index}++)")
        step = self.integer(inner, 1)
        source = f"{array}[({index} * 5 + 1) % {length}]"
        self.lines.append(f"        {array}[{index} % {length}] = ({kind})({source} + ({kind})({step} & 0xff));")
        mixing = self.mixing(kind, f"{array}[{index}]")
        self.lines.append(f"    for (uint32_t {index} = 0; {index} < {length}; {index}++) {mixing}")

    def function(self, number: int) -> None:
        result = self.any_type()
        parameters = [self.any_type() for _ in range(self.random.choice((0, 1, 2, 3, 5, 9)))]
        variadic: list[str] = []
        if self.random.random() < 0.3:
            parameters = parameters or ["uint32_t"]
            promoted = ("int32_t", "uint64_t", "double", "unsigned __int128")
            choices = (*promoted, *(struct.name for struct in self.structs))
            variadic = [self.random.choice(choices) for _ in range(self.random.randint(1, 9))]
        made = Function(f"g{number}", result, parameters, variadic)
        inline = self.random.choice(("", "__attribute__((noinline)) ", "__attribute__((noinline)) "))
        self.lines.append(f"{inline}static {made.signature()}\n{{")
        names = {f"p{i}": kind for i, kind in enumerate(parameters)}
        if variadic:
            self.lines.append(f"    va_list list; va_start(list, p{len(parameters) - 1});")
            for kind in variadic:
                self.temporary += 1
                self.lines.append(f"    {kind} t{self.temporary} = va_arg(list, {kind});")
                self.lines.append(f"    {self.mixing(kind, f't{self.temporary}')}")
                names[f"t{self.temporary}"] = kind
            self.lines.append("    va_end(list);")
        for name, kind in list(names.items()):
            if name.startswith("p"):
                self.lines.append(f"    {self.mixing(kind, name)}")
        for _ in range(self.random.randint(2, 5)):
            self.statement(names)
        self.lines.append(f"    return {self.value(result, names)};\n}}")
        self.functions.append(made)

    def statement(self, names: dict[str, str]) -> None:
        choice = self.random.random()
        if self.functions and choice < 0.35:
            self.call(names)
        elif choice < 0.55:
            self.switch(names)
        elif choice < 0.75:
            self.loop(names)
        else:
            name = self.fresh(self.any_type(), names)
            self.lines.append(f"    {self.mixing(names[name], name)}")

    def program(self) -> str:
        """The whole C file."""
        self.make_structs()
        for number in range(self.random.randint(3, 8)):
            self.function(number)
        self.lines.append("int main(void)\n{")
        names: dict[str, str] = {}
        for _ in range(6):
            self.call(names)
            name, kind = list(names.items())[-1]
            self.lines.append(f"    {self.mixing(kind, name)}")
        self.lines.append('    printf("%016llx\\n", (unsigned long long)checksum);\n    return 0;\n}')
        return PRELUDE + "\n".join(self.lines) + "\n"
