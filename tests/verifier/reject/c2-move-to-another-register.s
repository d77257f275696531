# C2. r11 is moved, r10 is used.
function f
        movl %ecx, %r11d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
