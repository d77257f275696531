# D6. 48 90, xchg of rax with itself.
function f
bad:    .byte 0x48,0x90
        ret
end f
