# Twin of reject/s1-trap-at-two-heights.s, without the fault.
function f
        movl %eax, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        ud2
bad:
1:      ud2
end f
