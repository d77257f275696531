# M2. One byte behind the arguments is the caller's.
function f 8
bad:    movb %cl, 16(%rsp)
        ret
end f
