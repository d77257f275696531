# C2. A mask that admits the middle of entries.
function f
        movl %ecx, %r10d
        andl $MASK+8, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
