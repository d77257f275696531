# C2. The comparison reads the next entry's class.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+24(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
