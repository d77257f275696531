# C1. A jump to the transfer of a shape skips its check.
function f
        testl %eax, %eax
bad:    je 2f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
2:      callq *FT(%r10)
        ret
1:      ud2
end f
