# C2. A 64-bit move.
function f
        movq %rcx, %r10
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
