# Twin of reject/c1-jump-over-the-class-check.s, without the fault.
function f
        testl %eax, %eax
        je 1f
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
2:      callq *FT(%r10)
        ret
1:      ud2
end f
