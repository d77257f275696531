# C1. Only the first instruction of a shape is a unit.
function f
        testl %eax, %eax
bad:    je 4f
1:      movl %ecx, %r10d
2:      andl $MASK, %r10d
3:      cmpl $1, FT+8(%r10)
4:      jne 5f
        callq *FT(%r10)
        ret
5:      ud2
end f
