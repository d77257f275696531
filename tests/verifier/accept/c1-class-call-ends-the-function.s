# Twin of reject/c1-class-call-ends-the-function.s, without the fault.
function f
        jmp 2f
1:      ud2
2:      movl %eax, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1b
        jmpq *FT(%r10)
end f
