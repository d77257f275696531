# C2. The trap is in this function, so that the fault can be told from others.
function f
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne trap
        callq *FT(%r10)
        ret
1:      ud2
end f
