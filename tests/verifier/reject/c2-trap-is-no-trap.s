# C2. A failed check must end in ud2.
function f
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 2f
        callq *FT(%r10)
2:      ret
1:      ud2
end f
