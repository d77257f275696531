# C2. No class is compared.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        nop
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
