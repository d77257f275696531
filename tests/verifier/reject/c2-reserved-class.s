# C2. The class of unused entries.
function f
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $0, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        ret
1:      ud2
end f
