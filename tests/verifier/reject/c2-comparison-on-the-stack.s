# C2. A comparison of the same displacement from another base.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%rsp)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
