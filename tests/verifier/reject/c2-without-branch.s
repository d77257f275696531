# C2. The comparison has no consequence.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        nop
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
