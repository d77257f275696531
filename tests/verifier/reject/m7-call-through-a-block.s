# M7. No code address comes from a block.
.set REACHES_BLOCKS, 1
function f
bad:    call *%fs:(%eax)
        ret
end f
