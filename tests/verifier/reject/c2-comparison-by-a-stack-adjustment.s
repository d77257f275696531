# C2. An adjustment by the same number.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        subq $FT+8, %rsp
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
