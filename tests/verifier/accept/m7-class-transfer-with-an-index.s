# Twin of reject/m7-class-transfer-with-an-index.s, without the fault.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        movl %r10d, %r10d
        nop
        ret
end f
