# D4. REX.W on a push changes nothing.
function f
bad:    .byte 0x48,0x50
        popq %rax
        ret
end f
