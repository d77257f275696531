# Twin of reject/s4-indirect-call-without-room-for-arguments.s, without the fault.
function f
        pushq %rax
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $2, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        popq %rax
        ret
1:      ud2
end f
