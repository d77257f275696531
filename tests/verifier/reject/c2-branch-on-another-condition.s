# C2. The transfer happens unless the class is right.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        je 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
