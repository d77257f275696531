# Twin of reject/s4-indirect-tail-jump-to-more-arguments.s, without the fault.
function f 16
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $3, FT+8(%r10)
        jne 1f
        jmpq *FT(%r10)
1:      ud2
end f
