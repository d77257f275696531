# C2. The trap of a function that was read before.
function g
        ret
1:      ud2
end g
function f
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1b
        callq *FT(%r10)
        ret
2:      ud2
end f
