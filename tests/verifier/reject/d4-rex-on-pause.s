# D4. f3 41 90 is pause to some, and an exchange of r8d and eax to others.
function f
bad:    .byte 0xf3,0x41,0x90
        ret
end f
