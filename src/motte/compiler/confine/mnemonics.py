"""The closed list of mnemonics whose operands need no more than the ordinary rewriting.

General instructions are listed by name.  Vector instructions are listed by family: the
verifier holds the exact list of their opcodes, and all of them obey one rule here, namely that
memory is reached only by the one operand which is written out.  The exceptions to that rule are refused
by name, with the reason and, where there is one, the way out.
"""

import re
from functools import lru_cache
from typing import Final

from motte.compiler.confine.errors import Unconfinable

CONDITION: Final = r"(?:o|no|b|ae|e|ne|be|a|s|ns|p|np|l|ge|le|g)"

_GENERAL: Final = re.compile(
    r"(?:mov|add|sub|adc|sbb|and|or|xor|cmp|test|inc|dec|neg|not|shl|shr|sar|sal|rol|ror|rcl|rcr|shld|shrd"
    r"|imul|mul|div|idiv|xchg|xadd|cmpxchg|bt|bts|btr|btc|bsf|bsr|bswap|popcnt|lzcnt|tzcnt|movbe|movnti"
    r"|andn|bextr|blsi|blsmsk|blsr|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|adcx|adox|crc32)[bwlq]"
    r"|mov[sz](?:bw|bl|bq|wl|wq)|movslq|cbtw|cwtl|cltq|cwtd|cltd|cqto|clc|stc|cmc"
    rf"|set{CONDITION}|cmov{CONDITION}[wlq]"
    r"|cmpxchg8b|cmpxchg16b|mfence|lfence|sfence|pause|prefetch(?:t0|t1|t2|nta|w)"
)

_VECTOR = re.compile(
    r"v[a-z][a-z0-9]+"
    r"|k(?:mov|and|andn|or|xor|xnor|not|add|test|ortest|shiftl|shiftr|unpck)(?:[bwdq]|bw|wd|dq)"
    r"|(?:mov[auhl]?|movnt|movmsk|movhl|movlh|add|sub|mul|div|sqrt|min|max|and|andn|or|xor|unpckl|unpckh|shuf"
    r"|rcp|rsqrt|round|blend|blendv|dp|hadd|hsub|addsub|comi|ucomi|insert|extract"
    r"|cmp[a-z_0-9]*)(?:ps|pd|ss|sd)"
    r"|cvt[a-z0-9]+|mov(?:d|q|dqa|dqu|hlps|lhps|ddup|shdup|sldup|ntdqa?|ntss|ntsd)|lddqu|mpsadbw"
    r"|p(?:abs|ack|add|align|and|avg|blend|clmul|cmp|extr|hadd|hsub|hmin|insr|madd|max|min|mov|mul|or|sad|shuf|sign"
    r"|sll|srl|sra|sub|test|unpck|xor)[a-z0-9]*"
    r"|aes[a-z0-9]+|sha(?:1|256)[a-z0-9]+|gf2p8[a-z0-9]+"
)

_REFUSED: Final = (
    (r"v?p?(?:gather|scatter).*|v(?:gather|scatter).*", "gathers and scatters cannot be confined to the window"),
    (r"v?maskmov(?:q|dqu)", "the address of this store is an implicit register"),
    (r"f(?:n?(?:st|init|clex|sav|nop)|add|sub|mul|div|ld|ild|ist|bld|bst|i?com|ucom|chs|abs|xch|free|tst|xam|sqrt|cmov"
     r"|scale|prem|rndint|sin|cos|ptan|patan|2xm1|yl2x|decstp|incstp|xsave|xrstor|rstor|wait)[a-z0-9]*|f?emms",
     "x87 and MMX are not accepted (compile with 64-bit long double)"),
    (r"(?:rep[a-z]*|movs[bwlq]|stos[bwlq]|lods[bwlq]|scas[bwlq]|cmps[bwlq]|ins[bwl]|outs[bwl]|xlat[b]?)",
     "string instructions reach memory outside the window"),
    (r"pushf.*|popf.*|lahf|sahf", "the flags register is not accessible as a whole"),
    (r"enter[a-z]*|leave[a-z]*", "the native stack pointer has no frame pointer"),
    (r"syscall|sysenter|int[a-z0-9]*|cpuid|rdtscp?|rdpmc|rdrand.*|rdseed.*|xgetbv|hlt|[v]?ldmxcsr|[v]?stmxcsr",
     "system instructions are not accepted"),
)  # fmt: skip
_REFUSED_PATTERNS: Final = tuple((re.compile(pattern), reason) for pattern, reason in _REFUSED)


@lru_cache(maxsize=8192)
def check_mnemonic(mnemonic: str) -> None:
    """Return if ``mnemonic`` needs only the ordinary rewriting; raise :class:`Unconfinable` otherwise."""
    if _GENERAL.fullmatch(mnemonic):
        return
    for pattern, reason in _REFUSED_PATTERNS:
        if pattern.fullmatch(mnemonic):
            raise Unconfinable(reason)
    if not _VECTOR.fullmatch(mnemonic):
        raise Unconfinable(f"instruction {mnemonic} is not accepted")
