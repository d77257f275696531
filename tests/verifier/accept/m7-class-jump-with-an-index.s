# Twin of reject/m7-class-jump-with-an-index.s, without the fault.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        ret
end f
