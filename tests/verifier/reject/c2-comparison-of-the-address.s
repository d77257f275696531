# C2. The comparison reads the code address.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
