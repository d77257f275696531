# C1. A jump through the table may be the last, a call may not.
function f
        jmp 2f
1:      ud2
2:      movl %eax, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1b
bad:    callq *FT(%r10)
end f
