# Twin of reject/m5-string-in-a-block.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        movb %fs:(%esi), %al
        ret
end f
