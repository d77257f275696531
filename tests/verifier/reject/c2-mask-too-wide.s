# C2. A mask of a larger table.
function f
        movl %ecx, %r10d
        andl $MASK+256, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
