# M1. An operand that accesses nothing obeys the same rules.
function f
bad:    prefetcht0 (%rax)
        ret
end f
