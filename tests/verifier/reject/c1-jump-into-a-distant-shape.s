# C1. A shape far behind the entry is closed, too.
function f
        testl %eax, %eax
bad:    je 3f
        .fill 150, 1, 0x90
2:      movl %ecx, %r10d
3:      andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        ret
1:      ud2
end f
