# S4. An indirect tail jump with a frame.
function f
        pushq %rax
bad:
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        jmpq *FT(%r10)
1:      ud2
end f
