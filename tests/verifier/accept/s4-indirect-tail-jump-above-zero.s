# Twin of reject/s4-indirect-tail-jump-above-zero.s, without the fault.
function f
        nop
        movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        jmpq *FT(%r10)
1:      ud2
end f
