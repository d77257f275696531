# Twin of reject/c2-comparison-by-a-stack-adjustment.s, without the fault.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
