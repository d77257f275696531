# M2. The function takes 8 bytes of arguments; 16 is the caller's frame.
function f 8
bad:    movq 16(%rsp), %rcx
        ret
end f
