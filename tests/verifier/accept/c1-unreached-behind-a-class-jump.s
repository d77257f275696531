# Twin of reject/c1-unreached-behind-a-class-jump.s, without the fault.
function f
        movl %eax, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        jmpq *FT(%r10)
1:      ud2
end f
